// A peer's client process: its name, and the port it calls.
import { answer } from '../../src/answer.ts';
import { drive } from '../../src/sides/drive.ts';
import type { Load } from '../../src/sides/load.ts';
import { PEERS, type PeerName } from './peers.ts';
import { startTelemetry } from './telemetry.ts';

const [, , name, port] = process.argv;
const peer = name as PeerName;
startTelemetry(peer);
const { openTraffic } = await PEERS[peer].client();
const traffic = await openTraffic(Number(port));
answer({ drive: (load: Load) => drive(traffic, load) });
