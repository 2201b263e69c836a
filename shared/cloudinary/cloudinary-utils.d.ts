/** The part of the SDK that signs. The package's own types cover only its root, which is twice the size of this. */
declare module 'cloudinary/lib/utils/index.js' {
  const utils: {
    api_sign_request(
      params: Record<string, string | number | boolean>,
      secret: string,
      algorithm: 'sha1' | 'sha256',
      version: 1 | 2,
    ): string;
  };
  export default utils;
}
