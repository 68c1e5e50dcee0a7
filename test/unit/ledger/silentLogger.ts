import type { Logger } from '../../../src/core/logger.ts';

const nothing = (): undefined => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
