/** A file picked to be sent, with what the page can tell of it. */
export interface PickedFile {
  file: File;
  /** Address for the preview, of images; valid until the page is left. */
  previewUrl?: string;
  width?: number;
  height?: number;
}

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;

/** Measures a picked file. An image that the browser cannot read is sent as a plain file. */
export async function pick(file: File): Promise<PickedFile> {
  if (!SHOWN.test(file.type)) return { file };
  const previewUrl = URL.createObjectURL(file);
  const image = new Image();
  image.src = previewUrl;
  try {
    await image.decode();
    return { file, previewUrl, width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    URL.revokeObjectURL(previewUrl);
    return { file };
  }
}

/** True for what is shown as a picture rather than as a file to download. */
export function isShownImage(contentType: string | undefined): boolean {
  return contentType !== undefined && SHOWN.test(contentType);
}
