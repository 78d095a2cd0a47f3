// A server of a folder with iiif-processor: `iiif-processor.cjs PORT FOLDER`.
//
// The library gets each file as a stream, as its README has it, and the dimensions of all pages, which
// are looked up once and then remembered.
const { createReadStream } = require('fs');
const { createServer } = require('http');
const path = require('path');
const { Processor } = require('iiif-processor');
const sharp = require('sharp');

const [port, folder] = process.argv.slice(2);
const file = (id) => path.join(folder, path.basename(id));

const known = new Map();
async function dimensions(id) {
  const { pages = 1 } = await sharp(file(id)).metadata();
  const of = async (page) => {
    const { width, height } = await sharp(file(id), { page }).metadata();
    return { width, height };
  };
  return Promise.all(Array.from({ length: pages }, (_, page) => of(page)));
}
function dimensionFunction({ id }) {
  if (!known.has(id)) known.set(id, dimensions(id));
  return known.get(id);
}

createServer(async (request, response) => {
  try {
    const url = `http://${request.headers.host}${request.url}`;
    const processor = new Processor(url, async ({ id }) => createReadStream(file(id)), { dimensionFunction });
    const result = await processor.execute();
    if (result.type !== 'content') throw new Error(result.message ?? result.location);
    const body = Buffer.from(result.body);
    response.writeHead(200, { 'Content-Type': result.contentType, 'Content-Length': body.length }).end(body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(Number(port), '127.0.0.1');
