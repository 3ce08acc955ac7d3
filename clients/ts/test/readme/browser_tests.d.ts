// What the samples of docs/mock.md use of Playwright and Cypress, which are not installed here.

declare module "@playwright/test" {
  export function defineConfig(config: {
    workers?: number;
    webServer?: { command: string; url: string; reuseExistingServer?: boolean; gracefulShutdown?: { signal: "SIGINT" | "SIGTERM"; timeout: number } }[];
    use?: { baseURL?: string };
  }): unknown;

  interface Locator {
    fill(text: string): Promise<void>;
    click(): Promise<void>;
  }
  interface Fixtures {
    page: {
      goto(url: string): Promise<unknown>;
      getByLabel(text: string): Locator;
      getByRole(role: "button" | "heading", options: { name: string }): Locator;
    };
    request: {
      get(url: string): Promise<{ json(): Promise<any> }>;
      post(url: string): Promise<unknown>;
    };
  }
  export const test: {
    (title: string, body: (fixtures: Fixtures) => Promise<void>): void;
    beforeEach(body: (fixtures: Fixtures) => Promise<void>): void;
  };
  export function expect(locator: Locator): { toBeVisible(): Promise<void> };
}

declare const process: { env: Record<string, string | undefined> };

declare const cy: {
  request(url: string): { then(next: (response: { body: any }) => void): void };
  request(method: "POST", url: string): void;
  visit(url: string, options?: { onBeforeLoad(window: Window): void }): void;
  contains(text: string): void;
};
declare function beforeEach(body: () => void): void;
declare function it(title: string, body: () => void): void;
