/** Ends a subscription. Safe to call twice. */
export type Unsubscribe = () => void;

/** Typed events: `Events` maps an event's name to what its listeners receive. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(data: never) => void>>();

  /** Subscribes to one kind of event. */
  on<Type extends keyof Events>(type: Type, listener: (data: Events[Type]) => void): Unsubscribe {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls every listener of that kind in the order of subscription. */
  emit<Type extends keyof Events>(type: Type, data: Events[Type]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        (listener as (data: Events[Type]) => void)(data);
      } catch (error) {
        // A listener's fault is the application's: it is reported, but must not stop the connection.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
