/** One direction of the stream below: takes frames in order. */
export interface Pipe {
  /** `left` is called when the frame has gone to the socket, or never will. */
  send(frame: Buffer, left: () => void): void;
}
