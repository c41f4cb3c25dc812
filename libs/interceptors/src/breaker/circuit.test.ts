import { describe, expect, it } from '@jest/globals';
import { Circuit, type CircuitPolicy, type CircuitState, type Outcome } from './circuit.ts';

const POLICY: CircuitPolicy = {
  failureRatio: 0.5,
  windowMs: 10_000,
  minimumCalls: 20,
  openMs: 1_000,
  trialCalls: 10,
};

function call(circuit: Circuit, outcome: Outcome, nowMs: number): boolean {
  if (!circuit.enter(nowMs)) return false;
  circuit.record(circuit.phase, outcome, nowMs);
  return true;
}

function calls(circuit: Circuit, count: number, outcome: Outcome, nowMs: number): number {
  return Array.from({ length: count }, () => call(circuit, outcome, nowMs)).filter(Boolean).length;
}

function opened(): Circuit {
  const circuit = new Circuit(POLICY);
  calls(circuit, 20, 'failure', 0);
  expect(circuit.state).toBe('open');
  return circuit;
}

describe('the circuit', () => {
  it('opens when half of at least 20 calls fail', () => {
    const circuit = new Circuit(POLICY);
    calls(circuit, 10, 'success', 0);
    calls(circuit, 9, 'failure', 0);
    expect(circuit.state).toBe('closed');
    call(circuit, 'failure', 0);
    expect(circuit.state).toBe('open');
  });

  it('stays closed for fewer calls, however bad', () => {
    const circuit = new Circuit(POLICY);
    calls(circuit, 19, 'failure', 0);
    expect(circuit.state).toBe('closed');
  });

  it('forgets what is longer ago than the window', () => {
    const circuit = new Circuit(POLICY);
    calls(circuit, 19, 'failure', 0);
    calls(circuit, 19, 'failure', 10_000);
    expect(circuit.state).toBe('closed');
  });

  it('refuses for a second and says for how long', () => {
    const circuit = opened();
    expect([circuit.enter(1), circuit.retryDelayMs(1)]).toEqual([false, 999]);
    expect([circuit.enter(999), circuit.retryDelayMs(999)]).toEqual([false, 1]);
    expect(circuit.enter(1_000)).toBe(true);
    expect(circuit.state).toBe('halfOpen');
  });

  it('lets ten trial calls through and refuses others at once', () => {
    const circuit = opened();
    const entered = Array.from({ length: 30 }, () => circuit.enter(1_000));
    expect(entered.filter(Boolean)).toHaveLength(10);
    expect(circuit.retryDelayMs(1_000)).toBe(1_000);
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
    expect([circuit.enter(1_999), circuit.retryDelayMs(1_999)]).toEqual([false, 1]);
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
    for (let count = 0; count < 10; count++) circuit.enter(1_000);
    const { phase } = circuit;
    call(circuit, 'neither', 2_000);
    for (let count = 0; count < 6; count++) circuit.record(phase, 'success', 4_000);
    expect(circuit.state).toBe('closed');
  });

  it('gives a trial back whose caller left', () => {
    const circuit = opened();
    calls(circuit, 50, 'neither', 1_000);
    expect(calls(circuit, 6, 'success', 1_000)).toBe(6);
    expect(circuit.state).toBe('closed');
  });

  it('does not count calls that began before it opened', () => {
    const circuit = new Circuit(POLICY);
    circuit.enter(0);
    const old = circuit.phase;
    calls(circuit, 20, 'failure', 0);
    call(circuit, 'neither', 1_000);
    for (let count = 0; count < 10; count++) circuit.record(old, 'success', 1_000);
    expect(circuit.state).toBe('halfOpen');
  });

  it('tells each new state', () => {
    const states: CircuitState[] = [];
    const circuit = new Circuit(POLICY, (state) => states.push(state));
    calls(circuit, 20, 'failure', 0);
    calls(circuit, 6, 'success', 1_000);
    expect(states).toEqual(['open', 'halfOpen', 'closed']);
  });
});
