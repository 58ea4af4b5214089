/** What the build knows of the pipelines; put in by esbuild. */
declare const PAGE: import('#site/page-data.ts').PageData;
