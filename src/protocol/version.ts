/** Version of the wire contract. After a release a change of any schema takes a new one: a test compares their hash. */
export const PROTOCOL_VERSION = 1;
