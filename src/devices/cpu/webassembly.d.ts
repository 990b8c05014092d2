// The part of the WebAssembly JavaScript interface that this device uses. TypeScript declares it
// only in its "dom" library, which would also let code here use a browser's globals by mistake.
declare namespace WebAssembly {
  type ExportValue = Function | Memory;
  type Imports = Record<string, Record<string, ExportValue>>;
  interface Module {}
  interface Instance {
    readonly exports: Record<string, ExportValue>;
  }
  /** Pages are 64 KiB. */
  interface Memory {
    readonly buffer: ArrayBufferLike;
  }
  var Module: {
    prototype: Module;
    new (bytes: NodeJS.ArrayBufferView | ArrayBuffer): Module;
  };
  var Instance: {
    prototype: Instance;
    new (module: Module, imports?: Imports): Instance;
  };
  var Memory: {
    prototype: Memory;
    new (descriptor: { initial: number; maximum?: number; shared?: boolean }): Memory;
  };
  function compile(bytes: NodeJS.ArrayBufferView | ArrayBuffer): Promise<Module>;
  function validate(bytes: NodeJS.ArrayBufferView | ArrayBuffer): boolean;
}
