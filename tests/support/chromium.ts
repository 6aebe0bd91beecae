/** Where the browser of the tests is. */
export function chromiumPath(): string {
  return process.env.KABAR_CHROMIUM ?? "/usr/bin/chromium";
}
