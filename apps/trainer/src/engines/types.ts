import type { engineNames } from '../config/schema.ts';

/** The name of an engine. */
export type EngineName = (typeof engineNames)[number];

/** What `find` learned of an engine on this machine. */
interface EngineStatus {
  available: boolean;
  version?: string;
  /** One phrase: what it is, or why it is not there. */
  detail: string;
  /** What was looked at to find out, a line each. */
  seen?: string[];
  /** What to do to get it. */
  remedy?: string;
}

/** An engine that is running. */
export interface StartedEngine {
  name: EngineName;
  /** The tfjs backend that is set. */
  backend: string;
  /** 0 where the engine does not tell. */
  threads: number;
  detail: string;
}

/** One way to run tensors; chosen once, at the start of a command. */
export interface Engine {
  readonly name: EngineName;
  readonly summary: string;
  /** Looks whether the engine could start, without starting it. */
  find(): Promise<EngineStatus>;
  /** Registers the engine's backend and makes it tfjs' own. */
  start(options: { threads: number | 'auto' }): Promise<StartedEngine>;
}
