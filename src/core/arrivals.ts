/** Tells of what was begun one after the other and arrives in any order whether something newer was there before it. */
export class Arrivals {
  #begun = 0;
  #newest = 0;

  /** Something begins. @returns to be called when it arrives: whether something that began later has arrived already. */
  begin(): () => boolean {
    const own = (this.#begun += 1);
    return () => {
      const isOvertaken = own < this.#newest;
      this.#newest = Math.max(own, this.#newest);
      return isOvertaken;
    };
  }
}
