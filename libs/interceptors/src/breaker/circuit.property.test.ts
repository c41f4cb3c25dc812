import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Circuit, type CircuitPolicy, type CircuitState, type Outcome } from './circuit.ts';

const POLICY: CircuitPolicy = {
  failureRatio: 0.5,
  windowMs: 10_000,
  minimumCalls: 20,
  openMs: 1_000,
  trialCalls: 10,
};

type Step = { afterMs: number; act: 'enter' | Outcome; which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
    ),
    act: fc.constantFrom<Step['act'][]>('enter', 'enter', 'success', 'failure', 'failure', 'neither'),
    which: fc.nat(40),
  }),
  { maxLength: 400 },
);

/** What a circuit should do, in the plainest words: every outcome kept, nothing expired by slices. */
class Model {
  state: CircuitState = 'closed';
  phase = 0;
  sinceMs = 0;
  trials = 0;
  told: { outcome: Outcome; atMs: number }[] = [];

  enter(nowMs: number): boolean {
    const waited = nowMs - this.sinceMs >= POLICY.openMs;
    if (this.state === 'open' && waited) this.become('halfOpen', nowMs);
    if (this.state === 'halfOpen' && waited && this.trials >= POLICY.trialCalls) {
      this.trials = 0;
      this.sinceMs = nowMs;
    }
    if (this.state === 'halfOpen' && this.trials < POLICY.trialCalls) this.trials++;
    else if (this.state !== 'closed') return false;
    return true;
  }

  record(phase: number, outcome: Outcome, atMs: number): void {
    if (phase !== this.phase) return;
    if (outcome === 'neither') this.trials = Math.max(0, this.trials - 1);
    else this.told.push({ outcome, atMs });
    const failures = this.told.filter((one) => one.outcome === 'failure').length;
    const successes = this.told.length - failures;
    if (this.state === 'closed') {
      const enough = this.told.length >= POLICY.minimumCalls && failures >= this.told.length / 2;
      if (outcome === 'failure' && enough) this.become('open', atMs);
    } else if (failures >= POLICY.trialCalls / 2) this.become('open', atMs);
    else if (successes > POLICY.trialCalls / 2) this.become('closed', atMs);
  }

  become(state: CircuitState, nowMs: number): void {
    Object.assign(this, { state, phase: this.phase + 1, sinceMs: nowMs, trials: 0, told: [] });
  }
}

/** Runs a script on a circuit, `each` told after every step. */
function play(
  circuit: Circuit | Model,
  script: Step[],
  each: (step: { entered: boolean | undefined; nowMs: number }) => void = () => undefined,
): number {
  const running: number[] = [];
  let nowMs = 0;
  for (const { afterMs, act, which } of script) {
    nowMs += afterMs;
    const entered = act === 'enter' ? circuit.enter(nowMs) : undefined;
    if (entered) running.push(circuit.phase);
    const [phase] = act === 'enter' ? [] : running.splice(which % Math.max(1, running.length), 1);
    if (phase !== undefined && act !== 'enter') circuit.record(phase, act, nowMs);
    each({ entered, nowMs });
  }
  return nowMs;
}

describe('the circuit, whatever happens', () => {
  it('does what its model does', () => {
    // The model does not forget, so its calls come within one window.
    const quick = steps.map((script) => {
      let leftMs = 8_000;
      return script.map((step) => {
        const afterMs = Math.min(step.afterMs, leftMs);
        leftMs -= afterMs;
        return { ...step, afterMs };
      });
    });
    fc.assert(
      fc.property(quick, (script) => {
        const model = new Model();
        const expected: unknown[] = [];
        play(model, script, ({ entered }) => expected.push([entered, model.state]));
        const circuit = new Circuit(POLICY);
        const seen: unknown[] = [];
        play(circuit, script, ({ entered }) => seen.push([entered, circuit.state]));
        expect(seen).toEqual(expected);
      }),
    );
  });

  it('moves only along its edges, and lets at most ten trials through a second', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const moves: CircuitState[] = ['closed'];
        const circuit = new Circuit(POLICY, (to) => moves.push(to));
        let trials: number[] = [];
        // A trial whose caller left is given back, and may be followed by another.
        const ended = script.filter(({ act }) => act !== 'neither');
        play(circuit, ended, ({ entered, nowMs }) => {
          if (entered === false) {
            expect(circuit.state).not.toBe('closed');
            expect(circuit.retryDelayMs(nowMs)).toBeGreaterThan(0);
            expect(circuit.retryDelayMs(nowMs)).toBeLessThanOrEqual(1_000);
          }
          if (circuit.state !== 'halfOpen') trials = [];
          else if (entered) trials.push(nowMs);
          // Ten, and ten more for those that have not ended after a second.
          expect(trials.filter((one) => nowMs - one < 1_000).length).toBeLessThanOrEqual(20);
        });
        const edges = { closed: ['open'], open: ['halfOpen'], halfOpen: ['open', 'closed'] };
        moves.slice(1).forEach((to, index) => expect(edges[moves[index] ?? 'closed']).toContain(to));
      }),
    );
  });

  it('fails at once for its full time when it has opened', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 999 }), (script, afterMs) => {
        const circuit = new Circuit(POLICY);
        let openedMs = 0;
        let last: CircuitState = 'closed';
        play(circuit, script, ({ entered, nowMs }) => {
          if (circuit.state === 'open' && last !== 'open') openedMs = nowMs;
          last = circuit.state;
          if (entered) expect(circuit.state).not.toBe('open');
        });
        if (circuit.state === 'open') expect(circuit.enter(openedMs + afterMs)).toBe(false);
      }),
    );
  });

  it('always gets back to closed when the service is well, however its trials hang', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const circuit = new Circuit(POLICY);
        const nowMs = play(circuit, script);
        for (let atMs = nowMs; atMs <= nowMs + 3_000; atMs += 100) {
          if (circuit.enter(atMs)) circuit.record(circuit.phase, 'success', atMs);
        }
        expect(circuit.state).toBe('closed');
      }),
    );
  });
});
