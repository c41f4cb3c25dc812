/** NOTIFY: somebody committed events that have no position yet. */
export const appendedChannel = 'millrace_appended';
/** NOTIFY: events were stamped; the payload is the last position. */
export const stampedChannel = 'millrace_stamped';
