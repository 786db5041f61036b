/** The part of aws4 that tests use. The package ships no types: https://github.com/mhart/aws4 */
declare module 'aws4' {
  const aws4: {
    sign(
      request: Record<string, unknown>,
      credentials: { accessKeyId: string; secretAccessKey: string },
    ): { headers: Record<string, string | number> };
  };
  // oxlint-disable-next-line import/no-default-export -- the package is CommonJS
  export default aws4;
}
