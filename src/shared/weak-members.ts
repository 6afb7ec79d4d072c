/**
 * Objects of one isolate that share something, held weakly: a Durable Object that is evicted or aborted says
 * goodbye to nobody.
 */
export class WeakMembers<T extends object> {
  readonly #references = new Set<WeakRef<T>>();
  readonly #known = new WeakMap<T, WeakRef<T>>();

  add(member: T): void {
    if (this.#known.has(member)) return;
    const reference = new WeakRef(member);
    this.#known.set(member, reference);
    this.#references.add(reference);
  }

  delete(member: T): void {
    const reference = this.#known.get(member);
    if (reference === undefined) return;
    this.#known.delete(member);
    this.#references.delete(reference);
  }

  /** Those that still live. */
  *[Symbol.iterator](): Generator<T> {
    for (const reference of this.#references) {
      const member = reference.deref();
      if (member === undefined) this.#references.delete(reference);
      else yield member;
    }
  }

  count(): number {
    return [...this].length;
  }
}
