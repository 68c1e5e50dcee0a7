import * as z from 'zod/mini';

// zod tries out `new Function` to validate faster, which the page's content security policy forbids and reports. This
// module comes before the first schema.
z.config({ jitless: true });
