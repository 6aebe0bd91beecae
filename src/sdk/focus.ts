/** Tells the server which channel is on the screen, so that the user is not pushed for it; again after each reconnect. */
export class Focus {
  readonly #send: (channelId: string | null) => void;
  /** Undefined until the app says so: then the server takes every channel to be shown. */
  #shown: string | null | undefined;

  constructor(send: (channelId: string | null) => void) {
    this.#send = send;
  }

  show(channelId: string | null): void {
    if (this.#shown === channelId) return;
    this.#shown = channelId;
    this.#send(channelId);
  }

  connected(): void {
    if (this.#shown !== undefined) this.#send(this.#shown);
  }
}
