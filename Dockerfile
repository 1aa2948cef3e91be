# Built in one image, run in another that holds neither the compiler nor its packages.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    VHI_LISTEN_ADDRESS=:10180 \
    VHI_DOMAINS_FILE=/etc/vhi-exporter/domains.txt
WORKDIR /app
COPY package.json domains.txt ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Mount the folder, not the file: a bind mount of a single file never shows that it was replaced.
VOLUME /etc/vhi-exporter
EXPOSE 10180
USER 65534:65534
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.VHI_LISTEN_ADDRESS.split(':').pop()}/-/healthy`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
