/** One figure with the bar it is held against. */
export interface Measure {
  /** The first word is the part that it is about: `interceptors.unary-vs-bare.c64`. */
  readonly name: string;
  readonly value: number;
  /** Without one the figure is only told. */
  readonly bar?: number;
  readonly better: 'higher' | 'lower';
  readonly unit: string;
}

/** Measures one thing. `full` asks for the long form; what takes time says so by `progress`. */
export type Scenario = (options: {
  readonly full: boolean;
  readonly progress: (text: string) => void;
}) => Promise<readonly Measure[]>;
