/** What may be uploaded where a deployment says nothing else; `type/*` stands for all subtypes. */
export const DEFAULT_ATTACHMENT_TYPES = [
  "image/*",
  "video/*",
  "audio/*",
  "application/pdf",
  "text/plain",
  "text/csv",
  "text/markdown",
  "application/zip",
  "application/x-zip-compressed",
];

/** Types that a browser would run as a page of the store's origin: refused whatever the list says. */
const ACTIVE_TYPES =
  /^(text\/(html|xml|javascript|ecmascript|xsl)|image\/svg.*|application\/(xml|.*\+xml|javascript|ecmascript|x-javascript))$/;

/** True where a file of the (lower case) media type may be uploaded. */
export function isAllowedAttachment(contentType: string, allowed: readonly string[]): boolean {
  if (ACTIVE_TYPES.test(contentType)) return false;
  const family = `${contentType.slice(0, contentType.indexOf("/"))}/*`;
  return allowed.includes(contentType) || allowed.includes(family);
}

/** A name that is safe as the last part of a URL path and as a file name anywhere: ASCII, no separators, ≤ 100 characters. */
export function safeFilename(name: string): string {
  const extension = /.(\.[A-Za-z0-9]{1,16})$/.exec(name)?.[1] ?? "";
  const stem = clean(name.slice(0, name.length - extension.length)).slice(0, 80);
  return `${stem === "" ? "file" : stem}${extension}`;
}

function clean(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
