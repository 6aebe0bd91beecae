declare module "ioredis-mock" {
  /** The part that Kabar uses: commands as methods, and `flushall` to forget everything. */
  export default class RedisMock {
    constructor(options?: { host?: string; port?: number });
    [command: string]: (...args: string[]) => Promise<unknown>;
  }
}
