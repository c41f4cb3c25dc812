// A peer's server process: its name.
import { answer } from '../../src/answer.ts';
import { PEERS, type PeerName } from './peers.ts';
import { startTelemetry } from './telemetry.ts';

const peer = process.argv[2] as PeerName;
startTelemetry(peer);
const { startServer } = await PEERS[peer].server();
const port = await startServer('instant');
answer({ port: () => port, cpu: () => process.cpuUsage() });
