/** Version of the wire contract. A change of any schema changes `tests/unit/protocol/schema-hash.test.ts` and this number. */
export const PROTOCOL_VERSION = 1;
