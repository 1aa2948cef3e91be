import { report, startBrowser, stopBrowser } from './browser.js';

before(startBrowser);

after(async () => {
  await stopBrowser();
  console.log(report());
});
