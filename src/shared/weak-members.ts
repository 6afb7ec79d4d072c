/**
 * Objects of one isolate that share something, held weakly: a Durable Object that is evicted or aborted says goodbye to
 * nobody. Garbage may not be collected for long, so whoever comes back under the name of an owner takes its place.
 */
export type Owner = string | symbol;

export class WeakMembers<T extends object> {
  readonly #references = new Map<Owner, WeakRef<T>>();

  /** The one of this owner from now on. */
  set(owner: Owner, member: T): void {
    this.#references.set(owner, new WeakRef(member));
  }

  delete(owner: Owner): void {
    this.#references.delete(owner);
  }

  /** Those that still live. */
  *[Symbol.iterator](): Generator<T> {
    for (const [owner, reference] of this.#references) {
      const member = reference.deref();
      if (member === undefined) this.#references.delete(owner);
      else yield member;
    }
  }

  count(): number {
    return [...this].length;
  }
}
