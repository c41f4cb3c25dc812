import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Circuit, type CircuitState, type Outcome, type Pass } from './circuit.ts';

function call(circuit: Circuit, outcome: Outcome, nowMs: number): boolean {
  const pass = circuit.enter(nowMs);
  if ('retryDelayMs' in pass) return false;
  circuit.record(pass, outcome, nowMs);
  return true;
}

function calls(circuit: Circuit, count: number, outcome: Outcome, nowMs: number): number {
  return Array.from({ length: count }, () => call(circuit, outcome, nowMs)).filter(Boolean).length;
}

function opened(): Circuit {
  const circuit = new Circuit();
  calls(circuit, 20, 'failure', 0);
  expect(circuit.state).toBe('open');
  return circuit;
}

describe('the circuit', () => {
  it('opens when half of at least 20 calls fail', () => {
    const circuit = new Circuit();
    calls(circuit, 10, 'success', 0);
    calls(circuit, 9, 'failure', 0);
    expect(circuit.state).toBe('closed');
    call(circuit, 'failure', 0);
    expect(circuit.state).toBe('open');
  });

  it('stays closed for fewer calls, however bad', () => {
    const circuit = new Circuit();
    calls(circuit, 19, 'failure', 0);
    expect(circuit.state).toBe('closed');
  });

  it('forgets what is longer ago than the window', () => {
    const circuit = new Circuit();
    calls(circuit, 19, 'failure', 0);
    calls(circuit, 19, 'failure', 10_000);
    expect(circuit.state).toBe('closed');
  });

  it('refuses for a second and says for how long', () => {
    const circuit = opened();
    expect(circuit.enter(1)).toEqual({ retryDelayMs: 999 });
    expect(circuit.enter(999)).toEqual({ retryDelayMs: 1 });
    expect(circuit.enter(1_000)).toHaveProperty('phase');
    expect(circuit.state).toBe('halfOpen');
  });

  it('lets ten trial calls through and refuses others at once', () => {
    const circuit = opened();
    const entered = Array.from({ length: 30 }, () => circuit.enter(1_000));
    expect(entered.filter((one) => 'phase' in one)).toHaveLength(10);
    expect(entered[10]).toEqual({ retryDelayMs: 1_000 });
  });

  it('closes when most trials succeed, and starts counting anew', () => {
    const circuit = opened();
    calls(circuit, 4, 'failure', 1_000);
    calls(circuit, 5, 'success', 1_000);
    expect(circuit.state).toBe('halfOpen');
    call(circuit, 'success', 1_000);
    expect(circuit.state).toBe('closed');
    calls(circuit, 19, 'failure', 1_000);
    expect(circuit.state).toBe('closed');
  });

  it('opens again when half of the trials fail', () => {
    const circuit = opened();
    calls(circuit, 5, 'failure', 1_000);
    expect(circuit.state).toBe('open');
    expect(circuit.enter(1_999)).toEqual({ retryDelayMs: 1 });
  });

  it('is not held by trials that never end', () => {
    const circuit = opened();
    for (let count = 0; count < 10; count++) circuit.enter(1_000);
    expect(calls(circuit, 1, 'success', 1_999)).toBe(0);
    expect(calls(circuit, 6, 'success', 2_000)).toBe(6);
    expect(circuit.state).toBe('closed');
  });

  it('takes a late answer of a slow trial as evidence', () => {
    const circuit = opened();
    const passes = Array.from({ length: 10 }, () => circuit.enter(1_000)).filter((one) => 'phase' in one);
    call(circuit, 'neither', 2_000);
    for (const pass of passes.slice(0, 6)) circuit.record(pass, 'success', 4_000);
    expect(circuit.state).toBe('closed');
  });

  it('gives a trial back whose caller left', () => {
    const circuit = opened();
    calls(circuit, 50, 'neither', 1_000);
    expect(calls(circuit, 6, 'success', 1_000)).toBe(6);
    expect(circuit.state).toBe('closed');
  });

  it('does not count calls that began before it opened', () => {
    const circuit = new Circuit();
    const old = circuit.enter(0) as Pass;
    calls(circuit, 20, 'failure', 0);
    call(circuit, 'neither', 1_000);
    for (let count = 0; count < 10; count++) circuit.record(old, 'success', 1_000);
    expect(circuit.state).toBe('halfOpen');
  });

  it('tells each new state', () => {
    const states: CircuitState[] = [];
    const circuit = new Circuit({}, (state) => states.push(state));
    calls(circuit, 20, 'failure', 0);
    calls(circuit, 6, 'success', 1_000);
    expect(states).toEqual(['open', 'halfOpen', 'closed']);
  });
});

type Step = { afterMs: number; act: 'enter' | Outcome; which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
    ),
    act: fc.constantFrom(
      'enter' as const,
      'enter' as const,
      'success' as const,
      'failure' as const,
      'failure' as const,
      'neither' as const,
    ),
    which: fc.nat(40),
  }),
  { maxLength: 400 },
);

describe('the circuit, whatever happens', () => {
  it('moves only along its edges, opens for its full time and lets at most ten trials through a second', () => {
    fc.assert(
      fc.property(steps, (script) => {
        let nowMs = 0;
        const moves: { to: CircuitState; atMs: number }[] = [{ to: 'closed', atMs: 0 }];
        const circuit = new Circuit({}, (to) => moves.push({ to, atMs: nowMs }));
        const running: Pass[] = [];
        let trials: number[] = [];
        let returned = 0;
        for (const { afterMs, act, which } of script) {
          nowMs += afterMs;
          if (act === 'enter') {
            const pass = circuit.enter(nowMs);
            if ('retryDelayMs' in pass) {
              expect(circuit.state).not.toBe('closed');
              expect(pass.retryDelayMs).toBeGreaterThan(0);
              expect(pass.retryDelayMs).toBeLessThanOrEqual(1_000);
              continue;
            }
            running.push(pass);
            expect(circuit.state).not.toBe('open');
            if (circuit.state === 'halfOpen') trials.push(nowMs);
          } else {
            const [pass] = running.splice(which % Math.max(1, running.length), 1);
            if (pass) circuit.record(pass, act, nowMs);
            if (pass && act === 'neither') returned++;
          }
          if (circuit.state !== 'halfOpen') [trials, returned] = [[], 0];
          const recent = trials.filter((atMs) => nowMs - atMs < 1_000).length;
          expect(recent).toBeLessThanOrEqual(20 + returned);
        }
        moves.slice(1).forEach(({ to, atMs }, index) => {
          const from = moves[index];
          const edges = { closed: ['open'], open: ['halfOpen'], halfOpen: ['open', 'closed'] };
          expect(edges[from?.to ?? 'closed']).toContain(to);
          if (from?.to === 'open') expect(atMs - from.atMs).toBeGreaterThanOrEqual(1_000);
        });
      }),
    );
  });

  it('always gets back to closed when the service is well', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const circuit = new Circuit();
        const running: Pass[] = [];
        let nowMs = 0;
        for (const { afterMs, act, which } of script) {
          nowMs += afterMs;
          const pass = act === 'enter' ? circuit.enter(nowMs) : undefined;
          if (pass && 'phase' in pass) running.push(pass);
          const [ended] = act === 'enter' ? [] : running.splice(which % Math.max(1, running.length), 1);
          if (ended && act !== 'enter') circuit.record(ended, act, nowMs);
        }
        for (let waitedMs = 0; waitedMs <= 3_000; waitedMs += 100)
          calls(circuit, 1, 'success', nowMs + waitedMs);
        expect(circuit.state).toBe('closed');
      }),
    );
  });
});
