// A plugin of the bundler that lists the packages in the bundles: versions, sources, and the full
// licences, which nearly all of them require. It does not know which packages are bundled, or why.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * One plugin for all bundles of a build. It writes the file again after each bundle, and the file
 * is complete after the last.
 * @param file the path of the list
 * @param built the folder that names of bundles are relative to
 */
export function collectLicences({ file, built }) {
  /** From the folder of a package to the bundles that contain it. */
  const bundlesOf = new Map();
  return {
    name: 'collect-licences',
    generateBundle({ dir, file: output }, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const name = relative(built, join(dir ?? dirname(output), chunk.fileName)).replaceAll(sep, '/');
        for (const id of chunk.moduleIds) {
          const folder = packageFolder(id);
          if (folder !== null) bundlesOf.set(folder, (bundlesOf.get(folder) ?? new Set()).add(name));
        }
      }
      writeFileSync(file, licencesText(bundlesOf));
    },
  };
}

/**
 * The folder of the package that a module belongs to. null for modules of this project and of the
 * bundler.
 */
export function packageFolder(moduleId) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(moduleId)?.[0] ?? null;
}

function licencesText(bundlesOf) {
  const entries = [...bundlesOf].map(([folder, bundles]) => ({
    ...describe(folder),
    bundles: [...bundles].toSorted(),
  }));
  const sections = entries
    .toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
    .map(
      ({ name, version, licence, home, text, bundles }) => `## ${name} ${version}

${[licence, home].filter(Boolean).join(', ')}. In ${bundles.map((bundle) => `\`${bundle}\``).join(', ')}.

${text.replace(/^/gm, '    ').replace(/ +$/gm, '')}
`,
    );
  return `# Bundled libraries\n\nThe build writes some libraries into the files of this folder. These are their licences.\n\n${sections.join('\n')}`;
}

/** @throws an Error for a package without a licence: it must not be bundled */
export function describe(folder) {
  const { name, version, license, repository, homepage } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.(md|txt))?$/i.test(each));
  if (license === undefined && file === undefined)
    throw new Error(`${name} ${version} is to be bundled, and has no licence`);
  const home = (repository?.url ?? repository ?? homepage ?? '')
    .replace(/^git(\+https)?:/, 'https:')
    .replace(/\.git$/, '');
  return {
    name,
    version,
    licence: license,
    home,
    text:
      file === undefined
        ? `The package says that its licence is ${license}, and brings no text of it.`
        : readFileSync(join(folder, file), 'utf8').trim(),
  };
}
