/** PostgreSQL refuses to run as root, so root hands it to nobody. */
export interface Account {
  uid?: number;
  gid?: number;
}

const nobody = 65534;

export function serverAccount(): Account {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}
