import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A certificate that nobody trusts, for 127.0.0.1, and the key to it, which protects nothing. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkTCCATagAwIBAgIUAw9DXHOTYeDKBhUy7LA9eb8ssfQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTE2NDcwNFoYDzIxMjYxMTA1
MTY0NzA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT1gErmX0ToBHZyI61hgVLTJ7WnDagexpMvG2DAbHO+MBNkqzYNwNww
ptbaJ1aawjlm2ziKi/8MpgTqzYTlr9D7o2QwYjAdBgNVHQ4EFgQUUI9jYz6Vmhwr
RmQ2a4MvuZXsjekwHwYDVR0jBBgwFoAUUI9jYz6VmhwrRmQ2a4MvuZXsjekwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0kAMEYC
IQCGah7Wz+zljwkQlDchnKgdoTWZJhuqPoe0OOLzqdpyVAIhAPN/5KMRcwdZQQqd
E9rhpxEwzPGA7byn/2+cKpkXbOGi
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCuk2dZIs0qFgsec0
8vx4Ljm36Re+7FCBnv89HZF618ahRANCAAT1gErmX0ToBHZyI61hgVLTJ7WnDage
xpMvG2DAbHO+MBNkqzYNwNwwptbaJ1aawjlm2ziKi/8MpgTqzYTlr9D7
-----END PRIVATE KEY-----
`;

/** Writes both to `dir` and returns lines for a `tls` block of nats-server. */
export async function writeCertificate(dir: string): Promise<string> {
  const [certificate, key] = [join(dir, "certificate.pem"), join(dir, "key.pem")];
  await Promise.all([writeFile(certificate, CERTIFICATE), writeFile(key, KEY)]);
  return `cert_file: ${JSON.stringify(certificate)}, key_file: ${JSON.stringify(key)}`;
}
