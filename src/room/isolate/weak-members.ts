/**
 * What the objects of an isolate share, held weakly by the id of each: a Durable Object that is evicted or aborted says
 * goodbye to nobody. Garbage may not be collected for long, so the next instance of an object takes the place of its last.
 */
interface Reference<T> {
  deref(): T | undefined;
}

export class WeakMembers<T extends object> {
  readonly #references = new Map<string, Reference<T>>();
  readonly #refer: (member: T) => Reference<T>;

  /** `refer` makes a reference that does not keep its member. */
  constructor(refer: (member: T) => Reference<T> = (member) => new WeakRef(member)) {
    this.#refer = refer;
  }

  /** The one of this object from now on. */
  set(id: string, member: T): void {
    this.#references.set(id, this.#refer(member));
  }

  get(id: string): T | undefined {
    return this.#references.get(id)?.deref();
  }

  delete(id: string): void {
    this.#references.delete(id);
  }

  /** Those that still live. */
  *[Symbol.iterator](): Generator<T> {
    for (const [id, reference] of this.#references) {
      const member = reference.deref();
      if (member === undefined) this.#references.delete(id);
      else yield member;
    }
  }

  count(): number {
    return [...this].length;
  }
}
