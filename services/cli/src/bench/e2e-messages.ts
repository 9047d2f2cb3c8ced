/** What `bench e2e` asks the processes that are clients, and the one that is the floor. */

/** The same for the market and for the floor. */
export interface E2eMix {
  /** Messages on their way at a time, of each client. */
  readonly window: number;
  /** Of a hundred messages, how many hold one command; the others hold `batch`. */
  readonly singlePercent: number;
  readonly batch: number;
}

export interface ClientsOptions extends E2eMix {
  readonly servers: readonly string[];
  readonly market: string;
  readonly firstAccount: number;
  readonly accounts: number;
  /** Shared by the process's accounts. */
  readonly connections: number;
}

export interface ClientsRun {
  /** Commands; undefined: as soon as the window has room. */
  readonly perSec: number | undefined;
}

/** Between two questions. */
export interface ClientsMeasured {
  readonly seconds: number;
  readonly messages: number;
  /** Commands of messages whose report came. */
  readonly reportedCommands: number;
  readonly sentCommands: number;
  readonly reportMessages: number;
  /** Of their payloads. */
  readonly reportBytes: number;
  /** Commands that were rejected by the engine, and messages that the market refused. */
  readonly rejected: number;
  readonly refused: number;
  /** Commands on their way when it began, and at its end. */
  readonly pendingFirst: number;
  readonly pendingLast: number;
  /** From when a message was to be sent until it was said to be durable, ms. */
  readonly receivedMs: Float64Array;
  /** ... until the report of its last command was there, ms. */
  readonly reportedMs: Float64Array;
}

export type ClientsQuestions = {
  readonly attach: { readonly asked: ClientsOptions; readonly answer: undefined };
  readonly start: { readonly asked: ClientsRun; readonly answer: undefined };
  /** What came since the last time, or the start. */
  readonly measure: { readonly asked: undefined; readonly answer: ClientsMeasured };
  /** Sends no more; answers whether everything on its way came back. */
  readonly stop: { readonly asked: undefined; readonly answer: boolean };
};

/** What the market made of the same messages, for the floor to make as much. */
export interface FloorShape {
  readonly commandsPerGroup: number;
  readonly reportMessagesPerCommand: number;
  readonly reportBytesPerCommand: number;
  readonly diffMessagesPerCommand: number;
  readonly diffBytesPerCommand: number;
}

export interface FloorOptions extends FloorShape {
  readonly servers: readonly string[];
  readonly market: string;
  readonly firstAccount: number;
  readonly accounts: number;
  readonly replicas: number;
  readonly groupsInFlight: number;
  readonly outputsInFlight: number;
}

export type FloorQuestions = {
  readonly serve: { readonly asked: FloorOptions; readonly answer: undefined };
};
