import { setting } from '../setting.ts';
import { seconds, whole } from '../setting-kinds.ts';

/** Settings of presence. */
export const PRESENCE_SETTINGS = {
  ROUTE_LEASE_SECONDS: setting(seconds(1, 300), {
    default: '10',
    meaning:
      'Seconds without renewal after which a node counts as dead and its users are removed. A link that was asked to move counts for as long.',
    reason: 'Longer than a msg_server needs to reconnect. More delays the removal of dead users.',
  }),
  ROUTE_RECONCILE_SECONDS: setting(seconds(1, 86_400), {
    default: '600',
    meaning: "Seconds in which each node reconciles its links' users with all of Redis once.",
    reason: 'Repairs lost keys within ten minutes, with negligible load.',
  }),
  ROUTE_OFFLINE_GRACE_SECONDS: setting(seconds(0, 3600), {
    default: '15',
    meaning:
      'Offline grace: seconds after the end of its link after which a PC user that is not back is announced offline. 0: never, as with the original.',
    reason: 'Longer than a msg_server needs to reconnect.',
  }),
  ROUTE_OFFLINE_GRACE_PER_SECOND: setting(whole(1, 1_000_000), {
    default: '1000',
    meaning: 'Users that one node announces offline after the grace in a second at most.',
  }),
};
