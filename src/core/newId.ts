import { nanoid } from 'nanoid';

/**
 * A new id of a session or of something in it: 21 characters of `A-Z a-z 0-9 _ -`, 126 bits but for what the first one
 * lacks. None begins with a dash: users type ids behind commands, where that looks like an option.
 */
export function newId(): string {
  for (;;) {
    const id = nanoid();
    if (!id.startsWith('-')) return id;
  }
}
