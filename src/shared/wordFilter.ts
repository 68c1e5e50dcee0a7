/** In what a filter looks for its words. */
export interface FilteredPlaces {
  /** Read by people; a word may stand anywhere in them. */
  readonly texts: readonly (string | undefined)[];
  /**
   * Made at random; a word has to be their beginning, as one copies or types an id. Anywhere in 21 random letters, two
   * letters that somebody looks for stand by chance in two of a hundred.
   */
  readonly ids: readonly (string | undefined)[];
}

/** Whether each word of a filter is found, upper or lower case; a filter without words finds all. */
export function matchesWords(filter: string, { texts, ids }: FilteredPlaces): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every(
    (word) =>
      texts.some((text) => text?.toLowerCase().includes(word)) || ids.some((id) => id?.toLowerCase().startsWith(word)),
  );
}
