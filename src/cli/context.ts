// What every command is handed: the streams, the rest of the program, and where to leave its exit code.
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { Rooms } from './rooms.ts';

export interface Context {
  readonly io: Io;
  readonly rooms: Rooms;
  readonly stdout: Output;
  readonly stderr: Output;
  exitCode: number;
}
