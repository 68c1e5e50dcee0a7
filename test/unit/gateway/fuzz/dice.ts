import type { RandomSource } from '../../../../bench/quota/randomSource.ts';

/** Choices that a seed determines. */
export class Dice {
  readonly #source: RandomSource;

  constructor(source: RandomSource) {
    this.#source = source;
  }

  /** @returns a whole number from 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.#source.uniform() * end);
  }

  chance(probability: number): boolean {
    return this.#source.uniform() < probability;
  }

  of<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('There is nothing to choose from.');
    return choice;
  }

  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    let left = this.#source.uniform() * names.reduce((sum, name) => sum + weights[name], 0);
    const chosen = names.find((name) => (left -= weights[name]) < 0);
    return chosen ?? this.of(names);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
