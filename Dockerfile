# Built in one image, run in another that holds neither the compiler nor its packages.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Each package must be, byte for byte, what the lock file says, and none may run anything.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json domains.txt ./
# The shipped list is for the demo. An image gives a list of your own, and its passwords, away to whoever can pull it.
RUN echo '4f314c3eeb6a90fe2c15d7f4781f070943146cc6be71fbd1f1692e6849dd9603 *domains.txt' | sha256sum --check --status || { \
  echo 'domains.txt is not the one that was shipped: keep the list of your own cloud out of this folder' >&2; exit 1; }
COPY src ./src
# Readable by any user, also where the files of the clone are not.
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm dist/.tsbuildinfo && chmod -R a+rX,go-w .

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    VHI_LISTEN_ADDRESS=:10180 \
    VHI_DOMAINS_FILE=/etc/vhi-exporter/domains.txt
WORKDIR /app
COPY --from=build /app/package.json /app/domains.txt ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Mount the folder, not the file: a bind mount of a single file never shows that it was replaced.
VOLUME /etc/vhi-exporter
EXPOSE 10180
USER 65534:65534
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "dist/cli.js", "healthcheck"]
ENTRYPOINT ["node", "dist/cli.js"]
