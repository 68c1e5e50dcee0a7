/** The agent has closed its connection: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('The agent has closed its connection.');
  }
}
