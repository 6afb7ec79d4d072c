/** The version of the package, which a test holds to package.json. */
export const VERSION = "0.2.0";

/** With the platform's id of the deployment, where it is bound (H9). */
export function versionOf({
  CF_VERSION_METADATA: deployed,
}: {
  readonly CF_VERSION_METADATA?: { readonly id: string };
}): string {
  return deployed === undefined ? VERSION : `${VERSION}+${deployed.id}`;
}
