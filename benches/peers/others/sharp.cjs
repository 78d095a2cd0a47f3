// Times sharp from inside a warm process: `sharp.cjs TASK FOLDER FILE` prints milliseconds.
const fs = require('fs');
const sharp = require('sharp');

const JPEG = { quality: 80 };
const [task, out, file] = process.argv.slice(2);

const tasks = {
  // The file is read once for all three, the most that a careful script does.
  three: () => {
    const source = fs.readFileSync(file);
    return Promise.all([
      sharp(source).resize(2048, 1536, { fit: 'inside' }).png().toFile(out + '/b.png'),
      sharp(source).resize(320, 320, { position: 'attention' }).grayscale().jpeg(JPEG).toFile(out + '/d.jpg'),
      sharp(source).jpeg(JPEG).toFile(out + '/o.jpg'),
    ]);
  },
  512: () => sharp(file).resize(512, 512, { fit: 'inside' }).jpeg(JPEG).toFile(out + '/confined.jpg'),
};

(async () => {
  sharp.cache(false);
  await tasks[task]();
  const started = performance.now();
  await tasks[task]();
  console.log(performance.now() - started);
})();
