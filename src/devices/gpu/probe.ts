// A separate process that asks WebGPU for its adapters and reports them to its parent: see
// search.ts, which starts it. It does not import other modules of this program.

export interface FoundAdapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

export interface ProbeReport {
  /** The adapters that answered, the fastest first. */
  readonly adapters: readonly FoundAdapter[];
  /** Whether the system has a Vulkan loader. Null where WebGPU does not use Vulkan. */
  readonly loader: boolean | null;
  /** Why the `webgpu` package does not load, or null. */
  readonly broken: string | null;
}

function hasVulkanLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
    return true;
  } catch (error) {
    // A library that loads is then refused for not being an extension of Node.
    return !/cannot open shared object/.test((error as Error).message);
  }
}

async function probe(): Promise<ProbeReport> {
  const adapters: FoundAdapter[] = [];
  let broken: string | null = null;
  try {
    const gpu = (await import('webgpu')).create([]);
    for (const options of [{ powerPreference: 'high-performance' }, { forceFallbackAdapter: true }] as const) {
      const adapter = await gpu.requestAdapter(options);
      if (adapter === null) continue;
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
      adapters.push({ vendor, architecture, device, description, isFallbackAdapter });
    }
  } catch (error) {
    broken = (error as Error).message;
  }
  return { adapters, loader: process.platform === 'linux' ? hasVulkanLoader() : null, broken };
}

process.send?.(await probe());
process.disconnect?.();
