// uPlot makes a number format for `navigator.language` when it is loaded, and throws when that is none, such as the
// "en-US@posix" of Chromium where the system's locale is POSIX. This module comes before the first import of uPlot.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
