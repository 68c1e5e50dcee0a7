/** What shows one item. */
export interface ItemView<Item> {
  readonly root: HTMLElement;
  update(item: Item): void;
}

/** Shows items by their ids and updates in place, so that focus and selection stay. */
export class KeyedList<Item extends { readonly id: string }> {
  readonly #parent: HTMLElement;
  readonly #create: (item: Item) => ItemView<Item>;
  #views: ReadonlyMap<string, ItemView<Item>> = new Map();

  constructor(parent: HTMLElement, create: (item: Item) => ItemView<Item>) {
    this.#parent = parent;
    this.#create = create;
  }

  show(items: readonly Item[]): void {
    const views = new Map(items.map((item) => [item.id, this.#views.get(item.id) ?? this.#create(item)]));
    for (const [id, { root }] of this.#views) if (!views.has(id)) root.remove();
    this.#views = views;
    let place = this.#parent.firstElementChild;
    for (const item of items) {
      const view = views.get(item.id);
      if (view === undefined) continue;
      view.update(item);
      if (view.root === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(view.root, place);
    }
  }

  /** What shows an item now; undefined when nothing does. */
  rootOf(id: string): HTMLElement | undefined {
    return this.#views.get(id)?.root;
  }
}
