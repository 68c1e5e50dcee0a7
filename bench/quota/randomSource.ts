/** Random numbers that a seed determines, so that every contestant meets the same requests. */
export class RandomSource {
  #state: number;

  constructor(seed: string) {
    // FNV-1a, so that seeds that differ in one letter have nothing in common.
    let hash = 0x811c9dc5;
    for (let index = 0; index < seed.length; index += 1) {
      hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
    }
    this.#state = hash >>> 0;
    this.uniform();
  }

  /** Even between 0 (included) and 1 (excluded); "mulberry32". */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** @param sigma of the logarithm: 1 is a long tail, 1.5 a very long one. */
  logNormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
    return median * Math.exp(sigma * normal);
  }

  /** @param alpha the smaller, the heavier the tail; below 2 the variance has no end. */
  pareto(smallest: number, alpha: number): number {
    return smallest / (1 - this.uniform()) ** (1 / alpha);
  }
}
