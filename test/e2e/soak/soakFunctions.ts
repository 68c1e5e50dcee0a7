/** A session as an agent of the soak test uses it. */
export interface SoakSession {
  readonly sessionId: string;
  readonly url: string;
  readonly token: string;
}

/** What the engine's process has taken. */
export interface SoakMeasure {
  /** Of JavaScript, after a full garbage collection. */
  readonly heapBytes: number;
  /** Buffers and what else is outside of the heap and known to it. */
  readonly externalBytes: number;
  readonly residentBytes: number;
  /** Open files and sockets; where the system does not tell, libuv's handles and requests. */
  readonly descriptors: number;
  readonly waitingRequests: number;
  readonly runningRequests: number;
  readonly sessions: number;
}

/** What the engine's process does for the test, over IPC. */
export interface SoakEngineFunctions {
  open(agentId: string): Promise<SoakSession>;
  release(sessionId: string): Promise<void>;
  measure(): Promise<SoakMeasure>;
  ledgerFile(): string;
}
