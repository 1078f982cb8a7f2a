import { readScript, withFlags } from '@route/redis';

const applyUpdates = readScript(new URL('./lua/apply-updates.6.lua', import.meta.url));

/** The Lua scripts of presence. The header of each file documents keys, arguments and reply. */
export const SCRIPTS = {
  applyUpdates,
  /** The same script for operations that only remove: not refused at maxmemory. */
  applyRemovals: withFlags(applyUpdates, 'allow-oom'),
  surveyShard: readScript(new URL('./lua/survey-shard.6.lua', import.meta.url)),
  readStates: readScript(new URL('./lua/read-states.2.lua', import.meta.url)),
  releaseLink: readScript(new URL('./lua/release-link.5.lua', import.meta.url)),
  forgetNode: readScript(new URL('./lua/forget-node.1.lua', import.meta.url)),
  mendLinks: readScript(new URL('./lua/mend-links.3.lua', import.meta.url)),
  claimPending: readScript(new URL('./lua/claim-pending.4.lua', import.meta.url)),
  settleUsers: readScript(new URL('./lua/settle-users.1.lua', import.meta.url)),
  renewLease: readScript(new URL('./lua/renew-lease.5.lua', import.meta.url)),
  readNodes: readScript(new URL('./lua/read-nodes.2.lua', import.meta.url)),
} as const;
