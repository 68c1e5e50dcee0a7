/** What shows one item. */
export interface ItemView<Item> {
  readonly root: HTMLElement;
  update(item: Item): void;
}

/** Shows items by their ids and updates in place: focus, selection and scroll position stay, with hundreds of rows too. */
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
    for (const [id, { root }] of this.#views) if (!views.has(id)) this.#remove(root);
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

  /** The keyboard's place goes to the neighbour, not back to the top of the page. */
  #remove(root: HTMLElement): void {
    const neighbour = root.contains(document.activeElement)
      ? (root.nextElementSibling ?? root.previousElementSibling)
      : null;
    root.remove();
    neighbour?.querySelector('button')?.focus();
  }
}
