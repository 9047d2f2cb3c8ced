/** A process that holds a lease, says who it is, and beats until it is ended. */
import { Heartbeat } from '../heartbeat.ts';
import { hostIdentity, ownIdentity } from '../process-identity.ts';

const heart = new Heartbeat();
heart.doWork();
setInterval(() => heart.doWork(), 1);
const { facts } = heart;
const process_ = ownIdentity();
process.send?.({ node: 'b', instance: 'b.1', host: hostIdentity(), process: process_, facts });
