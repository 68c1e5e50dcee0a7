declare module 'pgpass' {
  /** The password of the password file's line that matches; undefined where there is none. */
  function pgpass(
    connection: { host: string; port: number; database: string; user: string },
    callback: (password: string | undefined) => void,
  ): void;
  namespace pgpass {
    /** Where warnings go, of a file that others can read. */
    function warnTo(stream: NodeJS.WritableStream): NodeJS.WritableStream;
  }
  export = pgpass;
}
