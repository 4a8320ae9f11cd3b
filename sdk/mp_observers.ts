import type { Selector, SyncNotification } from "./mp_types.ts";

/** Who observes which biz, in the way of iOS's notification centre: several observers per biz, each by a selector. */
export class MpObservers {
  readonly #byBiz = new Map<string, Map<object, Selector>>();

  has(biz: string): boolean {
    return this.#byBiz.has(biz);
  }

  /** @returns false if the observer has no such method */
  add(biz: string, observer: object, selector: Selector): boolean {
    if (typeof selector !== "function" && !methodOf(observer, selector)) return false;
    const observers = this.#byBiz.get(biz) ?? new Map<object, Selector>();
    this.#byBiz.set(biz, observers.set(observer, selector));
    return true;
  }

  /**
   * @param biz null: everywhere
   * @returns the biz that the observer was removed from
   */
  remove(biz: string | null, observer: object): string[] {
    const left: string[] = [];
    for (const [name, observers] of this.#byBiz) {
      if (biz !== null && biz !== name) continue;
      if (!observers.delete(observer)) continue;
      if (observers.size === 0) this.#byBiz.delete(name);
      left.push(name);
    }
    return left;
  }

  /** Who is to be called for a biz, in the order of registration. */
  of(biz: string): ((notification: SyncNotification) => void)[] {
    return [...this.#byBiz.get(biz) ?? []].map(([observer, selector]) => (notification) =>
      (typeof selector === "function" ? selector : methodOf(observer, selector))?.call(observer, notification)
    );
  }
}

function methodOf(observer: object, selector: string): ((n: SyncNotification) => void) | null {
  const method = (observer as Record<string, unknown>)[selector.replace(/:$/, "")];
  return typeof method === "function" ? method as (n: SyncNotification) => void : null;
}
