/** Names of this machine for itself. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The token that a command signs with the secret of this environment. It permits everything, so it goes to the service of
 * this environment and to this machine alone; elsewhere the caller must give one.
 *
 * @param own where the service of this environment is
 */
export async function ownTokenFor(
  url: string,
  own: string,
  sign: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const isOwn = url === own || (URL.canParse(url) && LOOPBACK.includes(new URL(url).hostname));
  return isOwn ? sign() : undefined;
}
