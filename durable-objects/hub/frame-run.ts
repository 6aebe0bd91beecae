/**
 * A sequence of frames, shared by all connections that were given the same ones: most members of a channel walk the same
 * path, so that its batch is encoded once for all of them. Frames are compared by text, which is one object for
 * all recipients of an event.
 */
export class FrameRun {
  readonly #before: FrameRun | undefined;
  readonly #frame: string;
  /** UTF-16 units of all frames. */
  readonly length: number;
  #next: FrameRun | undefined;
  #others: Map<string, FrameRun> | undefined;
  #text: string | undefined;

  /** Without arguments: the empty run, where all others begin. */
  constructor(before?: FrameRun, frame = "") {
    this.#before = before;
    this.#frame = frame;
    this.length = (before?.length ?? 0) + frame.length;
  }

  /** This run and one more frame. */
  with(frame: string): FrameRun {
    if (this.#next === undefined) {
      this.#next = new FrameRun(this, frame);
      return this.#next;
    }
    if (this.#next.#frame === frame) return this.#next;
    this.#others ??= new Map();
    const known = this.#others.get(frame);
    if (known !== undefined) return known;
    const fresh = new FrameRun(this, frame);
    this.#others.set(frame, fresh);
    return fresh;
  }

  /** What goes on the wire: a single frame as it is, several as one `batch`. */
  get text(): string {
    this.#text ??= this.#encode();
    return this.#text;
  }

  #encode(): string {
    const frames: string[] = [];
    for (let run: FrameRun = this; run.#before !== undefined; run = run.#before) frames.push(run.#frame);
    if (frames.length === 1) return this.#frame;
    return `{"type":"batch","data":{"events":[${frames.reverse().join(",")}]}}`;
  }
}
