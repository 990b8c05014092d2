// The page at `/` of the server: how to use it.

const escaped = (text: string): string => text.replace(/[&<>"]/gu, (character) => `&#${character.codePointAt(0)};`);

/** A page that shows how to send requests. */
export const pageOf = (name: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(name)}</title>
<body style="font-family: system-ui; max-width: 45em; margin: 2em auto; padding: 0 1em">
<h1>${escaped(name)}</h1>
<p>This server continues texts with a character-level language model. It answers the completions of the OpenAI API:</p>
<pre style="white-space: pre-wrap">curl -s <span id="url"></span>v1/completions -d '{"prompt": "The", "max_tokens": 200}'</pre>
<p>Other requests: <code>POST /v1/score</code>, <a href="v1/models">GET /v1/models</a>, <a href="health">GET /health</a>.</p>
<script>document.querySelector('#url').textContent = location.href</script>
</body>
</html>
`;
