interface Waiting<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** Who waits for answers on one connection: by the number of the question, or in the order of asking. */
export class Answers<Value = void> {
  readonly #byNumber = new Map<number, Waiting<Value>>();
  #next = 0;
  #oldest = 0;
  #ended: Error | undefined;

  /** A question's number and its answer; rejected when the connection ends first. */
  ask(): { number: number; answer: Promise<Value> } {
    const number = this.#next++;
    const ended = this.#ended;
    if (ended !== undefined) return { number, answer: Promise.reject(ended) };
    const answer = new Promise<Value>((resolve, reject) => this.#byNumber.set(number, { resolve, reject }));
    return { number, answer };
  }

  /** The answer to one question came; nobody waits for what nobody asked. */
  settle(number: number, value: Value): void {
    this.#byNumber.get(number)?.resolve(value);
    this.#byNumber.delete(number);
  }

  /** The answer to the oldest question came: for protocols whose answers keep the order. */
  settleOldest(value: Value): void {
    if (this.#oldest < this.#next) this.settle(this.#oldest++, value);
  }

  /** One question was refused. */
  refuse(number: number, error: Error): void {
    this.#byNumber.get(number)?.reject(error);
    this.#byNumber.delete(number);
  }

  /** Nothing more will be answered. */
  end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#byNumber.values()) reject(error);
    this.#byNumber.clear();
  }
}
